import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  DialogTrigger,
  makeStyles,
} from '@fluentui/react-components';
import { type FormEvent, type ReactNode, useRef } from 'react';
import { ErrorMessage } from './error-message.tsx';
import { useReturnFocus } from './use-return-focus.ts';

const useStyles = makeStyles({ fields: { display: 'flex', flexDirection: 'column', gap: '16px' } });

type Props = {
  title: string;
  verb: string;
  failure: string;
  error: unknown;
  isBusy: boolean;
  children: ReactNode;
  /** Answers the name of the first field that is wrong, which gets the focus; undefined when it was sent. */
  onSubmit: () => string | undefined;
  onClose: () => void;
};

/** A form on top of the page; what was typed stays when it is refused. Rendered only while it is open. */
export function FormDialog({ title, verb, failure, error, isBusy, children, onSubmit, onClose }: Props) {
  const styles = useStyles();
  useReturnFocus();
  const form = useRef<HTMLFormElement>(null);
  function submit(event: FormEvent) {
    event.preventDefault();
    const wrong = onSubmit();
    if (wrong !== undefined) form.current?.querySelector<HTMLElement>(`[name="${wrong}"]`)?.focus();
  }
  return (
    <Dialog open onOpenChange={(_event, data) => !data.open && onClose()}>
      <DialogSurface>
        <form ref={form} onSubmit={submit} noValidate>
          <DialogBody>
            <DialogTitle>{title}</DialogTitle>
            <DialogContent className={styles.fields}>
              {error != null && <ErrorMessage title={failure} error={error} />}
              {children}
            </DialogContent>
            <DialogActions>
              <DialogTrigger disableButtonEnhancement>
                <Button>Cancel</Button>
              </DialogTrigger>
              <Button appearance="primary" disabledFocusable={isBusy} type="submit">
                {verb}
              </Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}
