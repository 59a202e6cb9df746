import { makeStyles, Subtitle2, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { DeviceModel, JsonValue } from '../../api/contract.ts';
import { lastValues } from '../../api/last-values.ts';
import { useLiveValues } from '../../api/live-events.ts';
import { shortValue } from '../../components/json-text.ts';
import { RelativeTime } from '../../components/relative-time.tsx';

const useStyles = makeStyles({
  grid: { display: 'grid', gridTemplateColumns: 'repeat(auto-fill, minmax(200px, 1fr))', gap: '16px' },
  tile: {
    display: 'flex',
    flexDirection: 'column',
    gap: '4px',
    padding: '16px',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
  },
  value: { fontSize: tokens.fontSizeBase400, overflowWrap: 'anywhere' },
  quiet: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
});

/** The last value of each telemetry that is not a line in a chart. */
export function LastValues({ deviceId, model, charted }: { deviceId: string; model: DeviceModel; charted: string[] }) {
  const styles = useStyles();
  const others = model.telemetry.filter((item) => !charted.includes(item.name));
  const stored = useQuery({
    queryKey: ['device', deviceId, 'last-values'],
    queryFn: () => lastValues(deviceId),
    enabled: others.length > 0,
  }).data;
  if (others.length === 0) return null;
  return (
    <div className={styles.grid}>
      {others.map((item) => (
        <LastValue
          key={item.name}
          deviceId={deviceId}
          name={item.name}
          displayName={item.displayName}
          stored={stored?.[item.name]}
        />
      ))}
    </div>
  );
}

type Value = { value: JsonValue; timestamp: string };
type LastValueProps = { deviceId: string; name: string; displayName: string; stored: Value | undefined };

function LastValue({ deviceId, name, displayName, stored }: LastValueProps) {
  const styles = useStyles();
  const [live, setLive] = useState<Value>();
  useLiveValues(deviceId, (points) => {
    const point = points.findLast((candidate) => candidate.name === name);
    if (point) setLive({ value: point.value, timestamp: new Date(point.at).toISOString() });
  });
  const shown = live ?? stored;
  return (
    <section className={styles.tile} aria-label={displayName}>
      <Subtitle2 as="h2">{displayName}</Subtitle2>
      {shown ? (
        <span className={styles.value}>{shortValue(shown.value)}</span>
      ) : (
        <span className={styles.quiet}>No value yet</span>
      )}
      {shown && (
        <span className={styles.quiet}>
          <RelativeTime at={shown.timestamp} />
        </span>
      )}
    </section>
  );
}
