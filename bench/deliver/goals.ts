/** The ratios that the rows are there for, with what they should be. */
import type { Figure, Group } from "../support/report.ts";

interface Goal {
  readonly name: string;
  /** Of the group's title. */
  readonly group: string;
  readonly ours: string;
  readonly theirs: string;
  readonly least: number;
}

const DELIVER = "deliver, memory store";
const FETCH = "fetch, bare";

const GOALS: readonly Goal[] = [
  ...(process.versions.bun
    ? [{ name: "1 host / fetch", group: "1 endpoint,", ours: DELIVER, theirs: FETCH, least: 1.2 }]
    : [
        {
          name: "1 host / undici",
          group: "1 endpoint,",
          ours: DELIVER,
          theirs: "undici pool, bare",
          least: 2,
        },
      ]),
  { name: "200 hosts / fetch", group: "200 endpoints,", ours: DELIVER, theirs: FETCH, least: 4 },
  {
    name: "200 hosts, TLS / fetch",
    group: "200 endpoints with TLS",
    ours: DELIVER,
    theirs: FETCH,
    least: 10,
  },
  {
    name: "1,000 subscriptions / one",
    group: "fan-out",
    ours: "deliver, 1,000 subscriptions",
    theirs: "deliver, one subscription",
    least: 0.9,
  },
];

/** @returns rates of ours, with those of theirs as 1; what was not measured is left out */
export function goalFigures(groups: readonly Group[]): Figure[] {
  return GOALS.flatMap(({ name, group, ours, theirs, least }) => {
    const rows = groups.find(({ title }) => title.startsWith(group))?.rows ?? [];
    const rateOf = (wanted: string): number | undefined =>
      rows.find((row) => row.name === wanted)?.perSecond;
    const [a, b] = [rateOf(ours), rateOf(theirs)];
    if (a === undefined || b === undefined) return [];
    return [{ name, value: a / b, unit: "times the rate", goal: `≥ ${least}` }];
  });
}
