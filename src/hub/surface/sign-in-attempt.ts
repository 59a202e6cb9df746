import type { InboundPublish, OversizePublish, Subscription } from '#wire/mqtt/packet.ts';
import type { CloseReason, SessionHandler } from '#wire/mqtt/server-session.ts';

/** Stands in for a session until its device is signed in: until then the only event is the end. */
export class SignInAttempt implements SessionHandler {
  accepted: SessionHandler | undefined;

  publish(publish: InboundPublish): void {
    this.accepted?.publish(publish);
  }

  oversize(publish: OversizePublish): void {
    this.accepted?.oversize?.(publish);
  }

  acknowledged(packetId: number): void {
    this.accepted?.acknowledged(packetId);
  }

  received(packetId: number): void {
    this.accepted?.received?.(packetId);
  }

  released(packetId: number): void {
    this.accepted?.released?.(packetId);
  }

  subscribe(packetId: number, filters: readonly Subscription[]): void {
    this.accepted?.subscribe(packetId, filters);
  }

  unsubscribe(packetId: number, filters: readonly string[]): void {
    this.accepted?.unsubscribe(packetId, filters);
  }

  writable(): void {
    this.accepted?.writable?.();
  }

  ended(reason: CloseReason, clean: boolean): void {
    this.accepted?.ended(reason, clean);
  }
}
