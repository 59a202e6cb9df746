import { Dialog, DialogBody, DialogSurface, DialogTitle, makeStyles, SearchBox } from '@fluentui/react-components';
import { useId } from 'react';
import { useReturnFocus } from '../../components/use-return-focus.ts';
import { comboboxProps, FindList, useFind } from './find-list.tsx';

const useStyles = makeStyles({
  surface: { marginTop: '10vh', marginBottom: 'auto', maxWidth: '560px', padding: '12px' },
  body: { display: 'flex', flexDirection: 'column', gap: '8px' },
  title: { fontSize: '14px' },
  box: { width: '100%', maxWidth: 'none' },
});

/** Reaches every page, device and template by typing. `Ctrl K`. */
export function CommandPalette({ onClose }: { onClose: () => void }) {
  const styles = useStyles();
  useReturnFocus();
  return (
    <Dialog open onOpenChange={(_event, data) => !data.open && onClose()}>
      <DialogSurface className={styles.surface}>
        <DialogBody className={styles.body}>
          <DialogTitle className={styles.title}>Go to</DialogTitle>
          <PaletteBody onClose={onClose} />
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}

function PaletteBody({ onClose }: { onClose: () => void }) {
  const styles = useStyles();
  const id = useId();
  const find = useFind(true, onClose);
  return (
    <>
      <SearchBox
        autoFocus
        className={styles.box}
        input={comboboxProps(id, find, true)}
        aria-label="Page, device or template"
        placeholder="Page, device or template"
        value={find.text}
        onChange={(_event, data) => find.setText(data.value)}
        onKeyDown={find.onKeyDown}
      />
      <FindList id={id} find={find} />
    </>
  );
}
