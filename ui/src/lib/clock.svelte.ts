/** The present, for "3 min ago" and the durations of what runs; one timer for the whole page. */

import { createSubscriber } from "svelte/reactivity";

const listening = createSubscriber((update) => {
  const timer = setInterval(update, 1000);
  return () => clearInterval(timer);
});

export const clock = {
  get now(): Date {
    listening();
    return new Date();
  },
};
