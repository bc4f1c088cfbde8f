/** What the filter field holds: a condition of the server's grammar, or words to look for. */

// Signs and spaces as conditions have them. "epochs=3" stays a word, which also finds train.epochs.
const CONDITION = /[<>'"()]|[=!]=|\s=|=\s|^\s*(not\s+)?(params|metrics|summary|tags)\.|\bis\s+(not\s+)?null\b/i;

/** Whether the text is meant as a condition; then mistakes in it are shown, and it is not looked for as words. */
export const readsAsCondition = (text: string): boolean => CONDITION.test(text);
