/** Numbers, times and durations as people read them. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** About four significant digits: 0.9821, 12.35, 1,204, 3.2e−5. */
export function number(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined) return "";
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const rounded = Number.isInteger(value) ? value : Number(value.toPrecision(digits));
  const size = Math.abs(rounded);
  if (size !== 0 && (size < 1e-3 || size >= 1e9)) {
    return minus(
      Number(value.toPrecision(digits - 1))
        .toExponential()
        .replace("e+", "e"),
    );
  }
  return minus(rounded.toLocaleString("en", { maximumFractionDigits: 12 }));
}

/** How many decimals a column of numbers needs, so that they stand under each other. */
export function decimalsOf(values: readonly number[]): number {
  const sizes = values.map(Math.abs).filter((size) => Number.isFinite(size) && size > 0);
  if (sizes.length === 0 || values.every((value) => Number.isInteger(value))) return 0;
  sizes.sort((a, b) => a - b);
  const middle = sizes[Math.floor((sizes.length - 1) / 2)] ?? 1;
  const most = Math.min(6, Math.max(0, 3 - Math.floor(Math.log10(middle))));
  return Math.max(
    0,
    ...sizes.map(
      (size) =>
        size
          .toFixed(most)
          .replace(/\.?0+$/, "")
          .split(".")[1]?.length ?? 0,
    ),
  );
}

/** A number with a fixed count of decimals; one that would keep less than two of its digits is written out. */
export function aligned(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return number(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 10 ** (1 - decimals) || size >= 1e9)) return number(value);
  return minus(value.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals }));
}

/** 0.4 s, 12 s, 3 m 05 s, 2 h 07 m, 3 d 4 h. */
export function duration(seconds: number): string {
  if (!(seconds >= 0)) return "";
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} m ${pad(whole % MINUTE)} s`;
  if (whole < DAY) return `${Math.floor(whole / HOUR)} h ${pad(Math.floor((whole % HOUR) / MINUTE))} m`;
  return `${Math.floor(whole / DAY)} d ${Math.floor((whole % DAY) / HOUR)} h`;
}

/** "3 min ago", "yesterday", "12 Mar": what a glance needs; `exact` says the rest. */
export function relative(when: Date, now: Date): string {
  const seconds = (now.getTime() - when.getTime()) / 1000;
  if (seconds < 45) return "just now";
  if (seconds < HOUR) return `${Math.max(1, Math.round(seconds / MINUTE))} min ago`;
  if (seconds < DAY) return `${Math.round(seconds / HOUR)} h ago`;
  if (seconds < 2 * DAY) return "yesterday";
  if (seconds < 7 * DAY) return `${Math.floor(seconds / DAY)} days ago`;
  const sameYear = when.getFullYear() === now.getFullYear();
  return when.toLocaleDateString("en-GB", { day: "numeric", month: "short", ...(sameYear ? {} : { year: "numeric" }) });
}

/** 2026-11-21 14:03:27, in the reader's time zone. */
export function exact(when: Date): string {
  const date = `${when.getFullYear()}-${pad(when.getMonth() + 1)}-${pad(when.getDate())}`;
  return `${date} ${pad(when.getHours())}:${pad(when.getMinutes())}:${pad(when.getSeconds())}`;
}

/** A param as text: lists as 64, 32; true and false as words. */
export function setting(value: unknown): string {
  if (value === null || value === undefined || value === "") return "";
  if (typeof value === "number")
    return Number.isInteger(value) && Math.abs(value) < 1e9 ? String(value) : number(value, 6);
  if (Array.isArray(value)) return value.map(setting).join(", ");
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
}

export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  if (count < 1e6) return `${number(count / 1e3, 3)} kB`;
  return count < 1e9 ? `${number(count / 1e6, 3)} MB` : `${number(count / 1e9, 3)} GB`;
}

const pad = (value: number): string => String(value).padStart(2, "0");

const minus = (text: string): string => text.replaceAll("-", "−");
