import { makeStyles, tokens } from '@fluentui/react-components';
import { useEffect, useRef, useState } from 'react';
import type { Hub, HubCounters } from '../../api/contract.ts';
import { useHubCounters } from '../../api/hub-overview.ts';
import { ChartCard } from '../../charts/chart-card.tsx';
import type { Point } from '../../charts/series-points.ts';
import { ErrorMessage } from '../../components/error-message.tsx';
import { useNow } from '../../components/relative-time.tsx';
import { rateSpanMs, withRate } from './rate-points.ts';

const useStyles = makeStyles({
  text: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200, margin: '8px 0 0', maxWidth: '72ch' },
});

const everyMs = 2_000;
const stay = () => {};

/** How many events a second the hub takes, while one looks. */
export function EventRate({ hub }: { hub: Hub }) {
  const styles = useStyles();
  const counters = useHubCounters(hub.name, everyMs);
  const [points, setPoints] = useState<readonly Point[]>([]);
  const last = useRef<HubCounters>(undefined);
  const now = useNow();
  useEffect(() => {
    const next = counters.data;
    if (!next || next === last.current) return;
    const before = last.current;
    setPoints((shown) => withRate(shown, before, next));
    last.current = next;
  }, [counters.data]);
  return (
    <div>
      {counters.isError && <ErrorMessage title="The rate is not known" error={counters.error} />}
      <ChartCard
        unit="events/s"
        isBoolean={false}
        series={[{ name: 'events', displayName: 'Events a second', colorIndex: 0, points }]}
        from={now - rateSpanMs}
        to={now}
        isLive
        onZoom={stay}
        onReset={stay}
        onStep={stay}
      />
      <p className={styles.text}>
        Since this page was opened: what readers of the hub’s events see. What a route sends only elsewhere is not counted.
      </p>
    </div>
  );
}
