import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  DialogTrigger,
  Field,
  Input,
  makeStyles,
} from '@fluentui/react-components';
import { type FormEvent, useState } from 'react';
import type { Hub } from '../../api/contract.ts';
import { useDeleteHub } from '../../api/hubs.ts';
import { ErrorMessage } from '../../components/error-message.tsx';
import { useReturnFocus } from '../../components/use-return-focus.ts';

const useStyles = makeStyles({ content: { display: 'flex', flexDirection: 'column', gap: '12px' } });

/** The name is typed, since many things go at once. Rendered only while it is open. */
export function DeleteHub({ hub, onClose }: { hub: Hub; onClose: () => void }) {
  const styles = useStyles();
  useReturnFocus();
  const remove = useDeleteHub(hub.name);
  const [typed, setTyped] = useState('');
  const isConfirmed = typed.trim().toLowerCase() === hub.name;

  function submit(event: FormEvent) {
    event.preventDefault();
    if (isConfirmed) remove.mutate(undefined, { onSuccess: onClose });
  }

  return (
    <Dialog open modalType="alert" onOpenChange={(_event, data) => !data.open && onClose()}>
      <DialogSurface>
        <form onSubmit={submit} noValidate>
          <DialogBody>
            <DialogTitle>{`Delete ${hub.name}?`}</DialogTitle>
            <DialogContent className={styles.content}>
              {remove.isError && <ErrorMessage title="The hub was not deleted" error={remove.error} />}
              <span>
                {deviceWords(hub.deviceCount)} keys, CA certificates and stored messages go with it, and its connections end. This
                cannot be undone.
              </span>
              <Field label={`Type ${hub.name} to delete it`}>
                <Input
                  value={typed}
                  autoComplete="off"
                  autoCapitalize="none"
                  spellCheck={false}
                  onChange={(_event, data) => setTyped(data.value)}
                />
              </Field>
            </DialogContent>
            <DialogActions>
              <DialogTrigger disableButtonEnhancement>
                <Button>Cancel</Button>
              </DialogTrigger>
              <Button appearance="primary" type="submit" disabled={!isConfirmed || remove.isPending}>
                Delete hub
              </Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}

function deviceWords(count: number): string {
  if (count === 0) return 'Its';
  return count === 1 ? 'Its one device,' : `Its ${count} devices,`;
}
