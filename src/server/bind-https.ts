import { errorCode } from '#storage/file-system.ts';
import { portRefused } from './port-refused.ts';

type Bindable = { start(): Promise<number> };
export type BoundHttps<L> = { listener: L; port: number; notice: string | undefined };

export type HttpsPorts = {
  address: string;
  /** The devices' port that clients have hard-coded. */
  wanted: number;
  fallback: number;
  /** Named in the notice, since people are not affected. */
  people: number;
};

/**
 * Binds the devices' HTTPS port, and where that may not be, the fallback with one line that says why
 * and how to mend it. Ports below 1024 need a privilege on many systems. Throws StartRefused when
 * neither can be had.
 */
export async function bindHttps<L extends Bindable>(make: (port: number) => L, ports: HttpsPorts): Promise<BoundHttps<L>> {
  const { address, wanted, fallback, people } = ports;
  try {
    const listener = make(wanted);
    return { listener, port: await listener.start(), notice: undefined };
  } catch (error) {
    const code = errorCode(error);
    if ((code !== 'EACCES' && code !== 'EADDRINUSE') || fallback === wanted) throw portRefused(error, address, wanted);
    const listener = make(fallback);
    const port = await listener.start().catch((inner: unknown) => {
      throw portRefused(inner, address, fallback);
    });
    const why = code === 'EACCES' ? 'may not be bound' : 'is taken';
    const { fix = '' } = portRefused(error, address, wanted);
    return {
      listener,
      port,
      notice: `Port ${wanted} ${why}; devices and services use ${port}, people ${people} as always. To mend it: ${fix}`,
    };
  }
}
