import { Button, Dropdown, makeStyles, Option, tokens } from '@fluentui/react-components';
import { ArrowNextRegular } from '@fluentui/react-icons/svg/arrow-next';
import { DataLineRegular } from '@fluentui/react-icons/svg/data-line';
import { ZoomInRegular } from '@fluentui/react-icons/svg/zoom-in';
import { ZoomOutRegular } from '@fluentui/react-icons/svg/zoom-out';
import { useMemo, useState } from 'react';
import { useSearchParams } from 'react-router';
import type { DeviceDetail, DeviceModel } from '../../api/contract.ts';
import { useSeries } from '../../api/device-data.ts';
import { useLiveValues } from '../../api/live-events.ts';
import { ChartCard } from '../../charts/chart-card.tsx';
import { inWindow, type Point, pointsFrom, withGaps, withLive } from '../../charts/series-points.ts';
import {
  presetDefault,
  readWindow,
  type TimeWindow,
  windowEdges,
  windowPresets,
  writeWindow,
  zoomed,
} from '../../charts/time-window.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { useNow } from '../../components/relative-time.tsx';
import { RouteButton } from '../../components/route-link.tsx';
import { serverNow } from '../../components/server-time.ts';
import { exactWords, zoneWords } from '../../components/time-words.ts';
import { paths } from '../../paths.ts';
import { chartedNames, chartGroups, numberOf } from './chart-groups.ts';
import { LastValues } from './last-values.tsx';

const useStyles = makeStyles({
  bar: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: '8px' },
  range: { minWidth: '170px' },
  zone: { marginLeft: 'auto', color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
  charts: { display: 'grid', gridTemplateColumns: 'repeat(auto-fit, minmax(min(440px, 100%), 1fr))', gap: '16px' },
});

/** Points kept per series of what came live; the server has the rest. */
const livePointsMax = 5_000;
const pointsWanted = 600;

/** Live charts of everything the device sends that can be drawn, and the last value of everything else. */
export function DeviceOverview({ detail }: { detail: DeviceDetail }) {
  if (!detail.model) {
    return (
      <EmptyState
        icon={<DataLineRegular />}
        title="Nothing is charted yet"
        action={<RouteButton to={paths.device(detail.device.id, 'raw-data')}>Open raw data</RouteButton>}
      >
        Charts need a template that says which values the device sends. Raw data shows every message as it came.
      </EmptyState>
    );
  }
  return <ModeledOverview detail={detail} model={detail.model} />;
}

function ModeledOverview({ detail, model }: { detail: DeviceDetail; model: DeviceModel }) {
  const styles = useStyles();
  const [search, setSearch] = useSearchParams();
  const timeWindow = readWindow(search);
  const now = useNow();
  const edges = windowEdges(timeWindow, now);
  const names = useMemo(() => chartedNames(model), [model]);
  const groups = useMemo(() => chartGroups(model), [model]);
  const points = usePoints(detail.device.id, names, timeWindow);
  const isLive = timeWindow.kind === 'live';
  const zoomTo = (next: { from: number; to: number }) => setSearch(writeWindow(search, next), { replace: true });
  const goLive = () => setSearch(writeWindow(search, { preset: presetDefault }), { replace: true });
  const step = (factor: number, shift: number) => zoomTo(zoomed(edges, factor, shift));
  return (
    <>
      {names.length > 0 && (
        <div className={styles.bar} role="toolbar" aria-label="Time range">
          <Dropdown
            className={styles.range}
            aria-label="Time range"
            value={isLive ? presetLabel(timeWindow) : `${exactWords(edges.from)} to ${exactWords(edges.to)}`}
            selectedOptions={isLive ? [presetId(timeWindow)] : []}
            onOptionSelect={(_event, data) =>
              setSearch(writeWindow(search, { preset: data.optionValue ?? presetDefault }), { replace: true })
            }
          >
            {windowPresets.map((preset) => (
              <Option key={preset.id} value={preset.id}>
                {preset.label}
              </Option>
            ))}
          </Dropdown>
          <Button
            appearance="subtle"
            icon={<ZoomInRegular />}
            aria-label="Zoom in"
            title="Zoom in"
            onClick={() => step(0.5, 0)}
          />
          <Button
            appearance="subtle"
            icon={<ZoomOutRegular />}
            aria-label="Zoom out"
            title="Zoom out"
            onClick={() => step(2, 0)}
          />
          {!isLive && (
            <Button icon={<ArrowNextRegular />} onClick={goLive}>
              Back to live
            </Button>
          )}
          <span className={styles.zone}>Local time, {zoneWords(now)}</span>
        </div>
      )}
      {points.error != null && (
        <ErrorMessage title="The values could not be loaded" error={points.error} onRetry={points.retry} />
      )}
      <div className={styles.charts}>
        {groups.map((group) => (
          <ChartCard
            key={group.series[0]?.name ?? group.unit}
            unit={group.unit}
            isBoolean={group.isBoolean}
            series={group.series.map((line) => ({ ...line, points: inWindow(points.of(line.name), edges.from, edges.to) }))}
            from={edges.from}
            to={edges.to}
            isLive={isLive}
            onZoom={(from, to) => zoomTo({ from, to })}
            onReset={goLive}
            onStep={step}
          />
        ))}
      </div>
      <LastValues deviceId={detail.device.id} model={model} charted={names} />
    </>
  );
}

function presetId(timeWindow: TimeWindow): string {
  return windowPresets.find((preset) => timeWindow.kind === 'live' && preset.spanMs === timeWindow.spanMs)?.id ?? presetDefault;
}

function presetLabel(timeWindow: TimeWindow): string {
  const id = presetId(timeWindow);
  return windowPresets.find((preset) => preset.id === id)?.label ?? '';
}

/** What the server has for the window, and what came since. */
function usePoints(deviceId: string, names: string[], timeWindow: TimeWindow) {
  const [live, setLive] = useState<ReadonlyMap<string, readonly Point[]>>(new Map());
  const key = timeWindow.kind === 'live' ? `last ${timeWindow.spanMs}` : `${timeWindow.from} ${timeWindow.to}`;
  const series = useSeries(deviceId, names, key, () => ({ ...windowEdges(timeWindow, serverNow()), points: pointsWanted }));
  useLiveValues(deviceId, (points) => {
    setLive((before) => {
      const next = new Map(before);
      for (const { name, at, value } of points) {
        const number = numberOf(value);
        if (number !== undefined) next.set(name, [...(next.get(name) ?? []), [at, number] as const].slice(-livePointsMax));
      }
      return next;
    });
  });
  const merged = useMemo(() => {
    const byName = new Map<string, Point[]>();
    for (const name of names) {
      const base = pointsFrom(series.data?.series.find((known) => known.name === name)?.points ?? []);
      byName.set(name, withGaps(withLive(base, live.get(name) ?? [])));
    }
    return byName;
  }, [names, series.data, live]);
  return {
    of: (name: string): readonly Point[] => merged.get(name) ?? [],
    error: series.data ? null : series.error,
    retry: () => void series.refetch(),
  };
}
