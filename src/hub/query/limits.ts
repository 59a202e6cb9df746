/** Limits of queries. The cloud documents a page of 100; older services gave 1,000, and clients ask for either. */
export const queryLimits = {
  pageItemsDefault: 100,
  pageItemsMax: 1_000,
  /** A page of large twins ends earlier, and goes on in the next. */
  pageBytesMax: 4 * 1024 * 1024,
  /** Whole documents fetched at once: each may have 150 KB. */
  documentsAtOnce: 200,
  /** Rows of which only some members are looked at. */
  rowsAtOnce: 2_000,
  /** Rows that one statement passes over: on SQLite it holds up other queries meanwhile. */
  passedAtOnce: { sqlite: 5_000, postgres: 20_000 },
  groupsMax: 10_000,
  /** Queries that run at once, and those that wait for one of them to end. */
  runningMax: 4,
  waitingMax: 200,
  continuationCharactersMax: 2_048,
} as const;
