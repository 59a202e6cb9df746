import { Button, makeStyles } from '@fluentui/react-components';
import { ArrowClockwiseRegular } from '@fluentui/react-icons/svg/arrow-clockwise';
import { useState } from 'react';
import { useDeadLetters, useDiscardDeadLetters, useReplayDeadLetters } from '../../api/hub-routing.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';

const useStyles = makeStyles({
  frame: { display: 'flex', flexDirection: 'column', gap: '8px', minWidth: 0 },
  list: { margin: 0, paddingLeft: '20px', maxHeight: '240px', overflow: 'auto', overflowWrap: 'anywhere' },
  buttons: { display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'center' },
});

const shownMax = 50;

/** What a destination would not take: why, and to send it again once that is mended. */
export function DeadLetters({ hub, destination, mayWrite }: { hub: string; destination: string; mayWrite: boolean }) {
  const styles = useStyles();
  const letters = useDeadLetters(hub, destination);
  const replay = useReplayDeadLetters(hub, destination);
  const discard = useDiscardDeadLetters(hub, destination);
  const [isAsking, setAsking] = useState(false);
  return (
    <div className={styles.frame}>
      {letters.isError && <ErrorMessage title="The dead letters could not be loaded" error={letters.error} />}
      {(replay.isError || discard.isError) && <ErrorMessage title="Nothing was done" error={replay.error ?? discard.error} />}
      {letters.data && letters.data.length > 0 && (
        <ul className={styles.list}>
          {letters.data.slice(0, shownMax).map(({ position, deviceId, reason, failedAt }) => (
            <li key={position}>
              {deviceId}, <RelativeTime at={failedAt} />: {reason}
            </li>
          ))}
        </ul>
      )}
      {mayWrite && (
        <div className={styles.buttons}>
          <Button
            size="small"
            icon={<ArrowClockwiseRegular />}
            disabledFocusable={replay.isPending}
            onClick={() => replay.mutate()}
          >
            Send again
          </Button>
          <Button size="small" onClick={() => setAsking(true)}>
            Discard
          </Button>
          <span role="status">
            {replay.data &&
              `${replay.data.replayed} were taken, ${replay.data.remaining} are left${replay.data.reason ? `: ${replay.data.reason}` : '.'}`}
          </span>
        </div>
      )}
      {isAsking && (
        <ConfirmDialog
          title={`Discard the dead letters of ${destination}?`}
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
