import type { Expression, Path } from '../expression.ts';

export type SourceName = 'devices' | 'devices.modules' | 'devices.jobs';

export type AggregateName = 'COUNT' | 'AVG' | 'SUM' | 'MIN' | 'MAX';

/** Over the rows of a group; COUNT without a path counts all of them. */
export type Aggregate = { readonly name: AggregateName; readonly path?: Path };

/** One column of a projection. */
export type SelectItem = { readonly name: string } & (
  | { readonly value: Expression; readonly aggregate?: never }
  | { readonly aggregate: Aggregate; readonly value?: never }
);

/** What somebody asks of a source (hub-service-protocol.md 5). */
export type Query = {
  readonly source: SourceName;
  /** At most this many rows, over all pages. */
  readonly top?: number;
  readonly select: '*' | readonly SelectItem[];
  readonly where?: Expression;
  readonly groupBy: readonly Path[];
  /** Whether its rows are groups of rows. */
  readonly isAggregate: boolean;
};
