/** Child devices with a connection of their own: as many modules as the cloud's hub lets a device have. */
export const childrenMax = 50;
/** What one child's outbox has on disk: together as much as seven outboxes of main devices. */
export const childOutboxBytesMax = 8 * 1024 * 1024;
