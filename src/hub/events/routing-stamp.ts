/** A property that is added to an event for who gets it at one of `places`. */
export type Addition = readonly [name: string, value: string, places: number];

/** Where an event goes besides the log, one bit for each place, and what is added to it there. */
export type RoutingStamp = { readonly places: number; readonly additions: readonly Addition[] };

/** The bit of the hub's own endpoint, whose readers read the log itself. Custom destinations have those below it. */
export const eventsPlace = 1 << 15;

export const destinationSlots = 15;

export const noStamp: RoutingStamp = { places: 0, additions: [] };

const placesBytes = 2;

/** The stamp as it lies behind the body of an event; undefined where it says nothing that the event's flags do not. */
export function encodeStamp({ places, additions }: RoutingStamp): Buffer | undefined {
  if ((places & ~eventsPlace) === 0 && additions.length === 0) return undefined;
  const text = additions.length === 0 ? '' : JSON.stringify(additions);
  const bytes = Buffer.allocUnsafe(placesBytes + Buffer.byteLength(text));
  bytes.writeUInt16LE(places, 0);
  bytes.write(text, placesBytes, 'utf8');
  return bytes;
}

export function decodeStamp(bytes: Buffer): RoutingStamp {
  if (bytes.length < placesBytes) return noStamp;
  const text = bytes.toString('utf8', placesBytes);
  // Nobody but encodeStamp writes there.
  const additions: readonly Addition[] = text === '' ? [] : JSON.parse(text);
  return { places: bytes.readUInt16LE(0), additions };
}

/** What is added to an event at one place. */
export function additionsAt(stamp: RoutingStamp, place: number): [name: string, value: string][] {
  return stamp.additions.filter(([, , places]) => (places & place) !== 0).map(([name, value]) => [name, value]);
}
