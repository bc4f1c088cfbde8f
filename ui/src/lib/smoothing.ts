/** A running mean that forgets: each value weighs `1 − weight`, what came before `weight`. */

/**
 * Exponential smoothing, corrected for its start, so that the first values are not pulled towards zero.
 * What is not finite stays as it is and is passed over.
 */
export function smooth(values: readonly number[], weight: number): number[] {
  if (!(weight > 0)) return [...values];
  let sum = 0;
  let weights = 0;
  return values.map((value) => {
    if (!Number.isFinite(value)) return value;
    sum = sum * weight + value * (1 - weight);
    weights = weights * weight + (1 - weight);
    return sum / weights;
  });
}
