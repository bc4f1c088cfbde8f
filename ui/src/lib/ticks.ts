/** The ticks of a logarithmic axis, wherever it begins; uPlot's own need it to begin at a round number. */

const DIGITS = [[1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 5], [1]];

/**
 * Round numbers within `low..high`, at most `most` of them: as many digits of each power of ten as have room, and if
 * even one is too many, every second power, every fifth …
 */
export function logarithmicTicks(low: number, high: number, most: number): number[] {
  if (!(low > 0) || !(high >= low) || !Number.isFinite(high)) return [];
  const first = Math.floor(Math.log10(low));
  const powers = Array.from({ length: Math.ceil(Math.log10(high)) - first + 1 }, (_, at) => first + at);
  const within = (tick: number): boolean => tick >= low && tick <= high;
  for (const digits of DIGITS) {
    // By text, so that 3e-7 is 3e-7 and not 3 times what is nearly 1e-7.
    const ticks = powers.flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`))).filter(within);
    if (ticks.length <= most) return ticks;
  }
  const step = Math.ceil(powers.length / Math.max(1, most));
  return powers
    .filter((power) => power % step === 0)
    .map((power) => Number(`1e${power}`))
    .filter(within);
}
