import { Button, makeStyles } from '@fluentui/react-components';
import { ArrowClockwiseRegular } from '@fluentui/react-icons/svg/arrow-clockwise';
import { DeleteRegular } from '@fluentui/react-icons/svg/delete';
import { useState } from 'react';
import type { HubDeadLetter } from '../../api/contract.ts';
import { useDeadLetter, useDeadLetters, useDiscardDeadLetters, useReplayDeadLetters } from '../../api/hub-routing.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { type DetailColumn, DetailTable } from '../../components/detail-table.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { JsonView } from '../../components/json-view.tsx';
import { Loading } from '../../components/loading.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { replayWords } from './dead-letter-words.ts';

const useStyles = makeStyles({
  frame: { display: 'flex', flexDirection: 'column', gap: '8px', minWidth: 0 },
  buttons: { display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'center' },
  words: { overflowWrap: 'anywhere', minWidth: 0 },
});

/** So many are drawn; what is done is done to all. */
const shownMax = 20;

type Props = { hub: string; destination: string; count: number; mayWrite: boolean };

/** What a destination would not take: why, what it was, and to send it again once that is mended. */
export function DeadLetters({ hub, destination, count, mayWrite }: Props) {
  const styles = useStyles();
  const letters = useDeadLetters(hub, destination, count);
  const replay = useReplayDeadLetters(hub, destination);
  const discard = useDiscardDeadLetters(hub, destination);
  const [isAsking, setAsking] = useState(false);
  const rows = count > 0 ? (letters.data?.slice(0, shownMax) ?? []) : [];
  // What was just done to the last of them is said still.
  if (count === 0 && !replay.data && !discard.isError) return null;
  return (
    <div className={styles.frame}>
      {letters.isError && (
        <ErrorMessage title="The dead letters could not be loaded" error={letters.error} onRetry={() => void letters.refetch()} />
      )}
      {replay.isError && <ErrorMessage title="They were not sent again" error={replay.error} />}
      {discard.isError && <ErrorMessage title="They were not discarded" error={discard.error} />}
      {mayWrite && (
        <div className={styles.buttons}>
          {count > 0 && (
            <>
              <Button
                size="small"
                icon={<ArrowClockwiseRegular />}
                disabledFocusable={replay.isPending}
                onClick={() => replay.mutate()}
              >
                {replay.isPending ? 'Sending' : 'Send all again'}
              </Button>
              <Button size="small" icon={<DeleteRegular />} onClick={() => setAsking(true)}>
                Discard all
              </Button>
            </>
          )}
          <span role="status" className={styles.words}>
            {replay.data
              ? replayWords(replay.data)
              : count > rows.length && rows.length > 0 && `The oldest ${rows.length} of ${count}.`}
          </span>
        </div>
      )}
      {rows.length > 0 && (
        <DetailTable
          label={`Dead letters of ${destination}`}
          columns={columns}
          rows={rows}
          keyOf={({ position }) => String(position)}
          nameOf={({ deviceId, position }) => `Dead letter of ${deviceId} at ${position}`}
          detail={(letter) => <DeadLetter hub={hub} destination={destination} letter={letter} />}
        />
      )}
      {isAsking && (
        <ConfirmDialog
          title={`Discard ${count === 1 ? 'the dead letter' : `${count} dead letters`} of ${destination}?`}
          verb="Discard dead letters"
          onClose={() => setAsking(false)}
          onConfirm={() => {
            setAsking(false);
            discard.mutate();
          }}
        >
          They are forgotten, and can be sent no more.
        </ConfirmDialog>
      )}
    </div>
  );
}

const columns: readonly DetailColumn<HubDeadLetter>[] = [
  { name: 'Device ID', cell: ({ deviceId }) => deviceId, title: ({ deviceId }) => deviceId },
  { name: 'Failed', isWide: true, width: '160px', cell: ({ failedAt }) => <RelativeTime at={failedAt} /> },
  { name: 'Why', cell: ({ reason }) => reason, title: ({ reason }) => reason },
];

function DeadLetter({ hub, destination, letter }: { hub: string; destination: string; letter: HubDeadLetter }) {
  const { position, deviceId, reason } = letter;
  const event = useDeadLetter(hub, destination, position);
  return (
    <>
      <span>{reason}</span>
      {event.isError && <ErrorMessage title="The event could not be loaded" error={event.error} />}
      {event.isPending && <Loading rows={3} />}
      {event.data && <JsonView label={`Event of ${deviceId}`} text={JSON.stringify(event.data, null, 2)} />}
    </>
  );
}
