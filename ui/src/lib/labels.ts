/** Where the names at the ends of lines stand, so that none covers another. */

/**
 * Positions near `wanted`, in the order given, at least `gap` apart and within `low..high` as far as they fit.
 * Neighbours that would overlap share their middle, as few as needed move.
 */
export function spread(wanted: readonly number[], gap: number, low: number, high: number): number[] {
  const order = wanted.map((_, index) => index).sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0));
  const blocks: Block[] = [];
  for (const index of order) {
    blocks.push({ members: [index], middle: clamp(wanted[index] ?? 0, low, high) });
    for (let last = blocks.length - 1; last > 0; last -= 1) {
      const [above, below] = [blocks[last - 1], blocks[last]];
      if (!above || !below || start(below, gap) - end(above, gap) >= gap) break;
      const members = [...above.members, ...below.members];
      const sum = above.middle * above.members.length + below.middle * below.members.length;
      const half = ((members.length - 1) * gap) / 2;
      blocks.splice(last - 1, 2, { members, middle: clamp(sum / members.length, low + half, high - half) });
    }
  }
  const placed = new Array<number>(wanted.length).fill(0);
  for (const block of blocks) {
    block.members.forEach((member, rank) => (placed[member] = start(block, gap) + rank * gap));
  }
  return placed;
}

type Block = { members: number[]; middle: number };

const start = (block: Block, gap: number): number => block.middle - ((block.members.length - 1) * gap) / 2;

const end = (block: Block, gap: number): number => block.middle + ((block.members.length - 1) * gap) / 2;

const clamp = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value));
