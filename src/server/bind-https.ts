import type { HttpsListener } from '#listeners/https-listener.ts';

export type BoundHttps = { listener: HttpsListener; port: number; notice: string | undefined };

/**
 * Binds the devices' HTTPS port, and where that may not be, the fallback with one line that says why
 * and how to mend it. Ports below 1024 need a privilege on many systems.
 */
export async function bindHttps(make: (port: number) => HttpsListener, wanted: number, fallback: number): Promise<BoundHttps> {
  try {
    const listener = make(wanted);
    return { listener, port: await listener.start(), notice: undefined };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if ((code !== 'EACCES' && code !== 'EADDRINUSE') || fallback === wanted) throw error;
    const listener = make(fallback);
    const port = await listener.start();
    const fix =
      code === 'EACCES'
        ? `sudo sysctl net.ipv4.ip_unprivileged_port_start=${wanted}`
        : `ss -ltnp 'sport = :${wanted}' shows who holds it`;
    const why = code === 'EACCES' ? 'may not be bound' : 'is taken';
    return {
      listener,
      port,
      notice: `Port ${wanted} ${why}; devices and services use ${port}, people 8443 as always. To mend it: ${fix}`,
    };
  }
}
