import { Button, makeStyles } from '@fluentui/react-components';
import { ArrowSyncRegular } from '@fluentui/react-icons/svg/arrow-sync';
import { useState } from 'react';
import { type KeySlot, useRegenerateKey } from '../../api/hub-twins.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';

const useStyles = makeStyles({
  buttons: { display: 'flex', flexWrap: 'wrap', gap: '8px' },
  content: { display: 'flex', flexDirection: 'column', gap: '12px' },
});

const words: Readonly<Record<KeySlot, string>> = { primaryKey: 'primary key', secondaryKey: 'secondary key' };
const slots: readonly KeySlot[] = ['primaryKey', 'secondaryKey'];

/** A new key in place of one of a device's two; with the other it still signs in. */
export function RenewKey({ hub, id, onRenewed }: { hub: string; id: string; onRenewed: () => void }) {
  const styles = useStyles();
  const [slot, setSlot] = useState<KeySlot>();
  return (
    <>
      <div className={styles.buttons}>
        {slots.map((each) => (
          <Button key={each} icon={<ArrowSyncRegular />} onClick={() => setSlot(each)}>
            {`New ${words[each]}`}
          </Button>
        ))}
      </div>
      {slot && <RenewDialog hub={hub} id={id} slot={slot} onRenewed={onRenewed} onClose={() => setSlot(undefined)} />}
    </>
  );
}

type DialogProps = { hub: string; id: string; slot: KeySlot; onRenewed: () => void; onClose: () => void };

function RenewDialog({ hub, id, slot, onRenewed, onClose }: DialogProps) {
  const styles = useStyles();
  const renew = useRegenerateKey(hub, id);
  const confirm = () =>
    renew.mutate(slot, {
      onSuccess: () => {
        onClose();
        onRenewed();
      },
    });
  return (
    <ConfirmDialog title={`New ${words[slot]} for ${id}?`} verb={`Make new ${words[slot]}`} onClose={onClose} onConfirm={confirm}>
      <div className={styles.content}>
        {renew.isError && <ErrorMessage title="The key was not renewed" error={renew.error} />}
        <span>
          What signs in with the present one is let in no more, and its connection ends. With the other key it still is.
        </span>
      </div>
    </ConfirmDialog>
  );
}
