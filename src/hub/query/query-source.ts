import type { JsonObject } from '#base/json.ts';
import type { Expression, Path, Value } from '#lang/expression.ts';

/** One row of a source. Nothing of it is read before it is asked for. */
export type QueryRow = {
  /** What the source's order goes by, and where a later page goes on. */
  readonly key: string;
  value(path: Path): Value;
  /** What `SELECT *` gives of it. */
  document(): JsonObject;
};

export type Scan = {
  /** Rows behind this key; all of them without one. */
  readonly after?: string;
  readonly where?: Expression;
  /** Every path that will be asked of a row; undefined when whole documents will be. */
  readonly paths?: readonly Path[];
  /** At most this many rows. */
  readonly max: number;
};

export type ScannedRows = {
  /** In the order of keys: all that `where` keeps, and perhaps others. */
  readonly rows: readonly QueryRow[];
  /** How far the source was looked through; undefined when that is to its end. */
  readonly through?: string;
};

export type CountedGroup = { readonly values: readonly Value[]; readonly count: number };

/** What queries are asked of: whoever has rows, such as jobs, offers one. */
export type QuerySource = {
  /** What clients call its rows in `x-ms-item-type`. */
  readonly itemType: 'Twin' | 'DeviceJob';
  /**
   * The next rows. It may keep back those that `where` does not keep, as far as it can tell: the engine looks at every
   * row itself. One call takes milliseconds, however many rows there are.
   */
  scan(scan: Scan): Promise<ScannedRows>;
  /** How many rows `where` keeps, by the values of `groupBy`, where the source can tell exactly without rows; else undefined. */
  count?(groupBy: readonly Path[], where: Expression | undefined): Promise<readonly CountedGroup[] | undefined>;
};
