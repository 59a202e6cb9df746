import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { BroomRegular } from '@fluentui/react-icons/svg/broom';
import { PauseRegular } from '@fluentui/react-icons/svg/pause';
import { PlayRegular } from '@fluentui/react-icons/svg/play';
import { PulseRegular } from '@fluentui/react-icons/svg/pulse';
import { useSearchParams } from 'react-router';
import type { Hub } from '../../api/contract.ts';
import type { StreamState } from '../../api/hub-messages.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { Page } from '../../components/page.tsx';
import { StateWord } from '../../components/state-word.tsx';
import { TableFrame } from '../../components/table-frame.tsx';
import { writeFilter } from '../../components/write-filter.ts';
import { paths } from '../../paths.ts';
import { DeviceChoice } from './device-choice.tsx';
import { HubStrip } from './hub-strip.tsx';
import { keptMax, ofDevice } from './message-buffer.ts';
import { MessageTable } from './message-table.tsx';
import { type Monitor, useMonitor } from './use-monitor.ts';
import { WithHub } from './with-hub.tsx';

const useStyles = makeStyles({
  tools: { display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'center' },
  count: { marginLeft: 'auto', color: tokens.colorNeutralForeground3, fontVariantNumeric: 'tabular-nums' },
});

const title = 'Live messages';

/** What devices send to a hub, as it comes. */
export function MessageMonitorPage() {
  return <WithHub title={title}>{(hub) => <MessageMonitor key={hub.name} hub={hub} />}</WithHub>;
}

function MessageMonitor({ hub }: { hub: Hub }) {
  const styles = useStyles();
  const [search, setSearch] = useSearchParams();
  const device = search.get('device') ?? '';
  const monitor = useMonitor(hub.name, device);
  const shown = ofDevice(monitor.entries, device);
  return (
    <Page title={title} crumbs={[{ label: 'IoT hubs', to: paths.hubs() }]} state={<Listening monitor={monitor} />}>
      <HubStrip hub={hub} />
      {monitor.state === 'refused' && (
        <ErrorMessage
          title="The messages cannot be followed"
          error={new Error('The server refused the stream. Perhaps too many are open.')}
          onRetry={monitor.tryAgain}
        />
      )}
      <div className={styles.tools}>
        <DeviceChoice
          hub={hub.name}
          device={device}
          onChange={(next) => setSearch(writeFilter(search, { device: next }), { replace: true })}
        />
        {monitor.isPaused ? (
          <Button icon={<PlayRegular />} onClick={monitor.goOn}>
            {monitor.waitingCount === 0 ? 'Resume' : `Resume (${countWords(monitor.waitingCount)} new)`}
          </Button>
        ) : (
          <Button icon={<PauseRegular />} onClick={monitor.pause}>
            Pause
          </Button>
        )}
        <Button icon={<BroomRegular />} disabled={monitor.entries.length === 0} onClick={monitor.clear}>
          Clear
        </Button>
        <span className={styles.count}>
          {monitor.entries.length >= keptMax ? `the newest ${keptMax} are kept` : `${shown.length} shown`}
        </span>
      </div>
      {shown.length === 0 ? (
        <TableFrame label="Messages">
          <EmptyState
            icon={<PulseRegular />}
            title="No message yet"
            {...(device === '' ? { command: 'homeport simulate --app d4' } : {})}
          >
            {device === ''
              ? 'What devices send to this hub from now on appears here as it comes. The command starts a simulated device.'
              : `What ${device} sends from now on appears here as it comes.`}
          </EmptyState>
        </TableFrame>
      ) : (
        <MessageTable entries={shown} />
      )}
    </Page>
  );
}

function countWords(count: number): string {
  return count >= keptMax ? `${keptMax} or more` : String(count);
}

const words: Readonly<Record<StreamState, string>> = {
  opening: 'Connecting',
  open: 'Listening',
  interrupted: 'Reconnecting',
  refused: 'Not listening',
};

function Listening({ monitor: { state, isPaused } }: { monitor: Monitor }) {
  const isOpen = state === 'open';
  const tone = isOpen ? (isPaused ? 'quiet' : 'good') : state === 'opening' ? 'quiet' : 'warning';
  return (
    <span role="status">
      <StateWord tone={tone} {...(isOpen && isPaused ? { icon: PauseRegular } : {})}>
        {isOpen && isPaused ? 'Paused' : words[state]}
      </StateWord>
    </span>
  );
}
