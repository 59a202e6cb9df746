/** Tells a sign-in under way whether what it looked at is still true. */
export type CredentialWatch = {
  /** Whether something changed since the watch began, or since the last call. */
  takeChanged(): boolean;
  end(): void;
};

/**
 * Closes the gap between reading a credential and opening a session on it: a device disabled in that
 * gap has no session to drop yet, so the sign-in itself must notice.
 */
export class CredentialWatches {
  readonly #watches = new Map<string, Set<{ isChanged: boolean }>>();

  begin(deviceId: string): CredentialWatch {
    const watch = { isChanged: false };
    const watches = this.#watches.get(deviceId) ?? new Set();
    this.#watches.set(deviceId, watches.add(watch));
    return {
      takeChanged() {
        const { isChanged } = watch;
        watch.isChanged = false;
        return isChanged;
      },
      end: () => {
        watches.delete(watch);
        if (watches.size === 0 && this.#watches.get(deviceId) === watches) this.#watches.delete(deviceId);
      },
    };
  }

  /** The device's identity or credential changed. */
  changed(deviceId: string): void {
    for (const watch of this.#watches.get(deviceId) ?? []) watch.isChanged = true;
  }

  /** Something changed that any sign-in may rest on: a CA certificate. */
  allChanged(): void {
    for (const deviceId of this.#watches.keys()) this.changed(deviceId);
  }
}
