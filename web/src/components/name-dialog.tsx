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
import { type FormEvent, useRef, useState } from 'react';
import { ErrorMessage } from './error-message.tsx';
import { useReturnFocus } from './use-return-focus.ts';

const useStyles = makeStyles({ fields: { display: 'flex', flexDirection: 'column', gap: '16px' } });

type Props = {
  title: string;
  hint: string;
  /** What the message is called when the server refuses. */
  failure: string;
  create: {
    mutate: (name: string, then: { onSuccess: () => void; onError: () => void }) => void;
    isPending: boolean;
    error: unknown;
  };
  /** What is wrong with a name, in words that say what to do. */
  problemOf: (name: string) => string | undefined;
  onClose: () => void;
};

/** Asks for the name of something new; what was typed stays when it is refused. Rendered only while it is open. */
export function NameDialog({ title, hint, failure, create, problemOf, onClose }: Props) {
  const styles = useStyles();
  useReturnFocus();
  const [name, setName] = useState('');
  const [problem, setProblem] = useState<string>();
  const form = useRef<HTMLFormElement>(null);
  const focusName = () => form.current?.querySelector<HTMLInputElement>('input[name="name"]')?.focus();

  function submit(event: FormEvent) {
    event.preventDefault();
    const found = problemOf(name.trim());
    setProblem(found);
    if (found) focusName();
    else create.mutate(name.trim(), { onSuccess: onClose, onError: focusName });
  }

  return (
    <Dialog open onOpenChange={(_event, data) => !data.open && onClose()}>
      <DialogSurface>
        <form ref={form} onSubmit={submit} noValidate>
          <DialogBody>
            <DialogTitle>{title}</DialogTitle>
            <DialogContent className={styles.fields}>
              {create.error != null && <ErrorMessage title={failure} error={create.error} />}
              <Field label="Name" required hint={hint} {...(problem ? { validationMessage: problem } : {})}>
                <Input
                  name="name"
                  value={name}
                  maxLength={64}
                  autoComplete="off"
                  autoCapitalize="none"
                  spellCheck={false}
                  onChange={(_event, data) => {
                    setName(data.value);
                    setProblem(undefined);
                  }}
                />
              </Field>
            </DialogContent>
            <DialogActions>
              <DialogTrigger disableButtonEnhancement>
                <Button>Cancel</Button>
              </DialogTrigger>
              <Button appearance="primary" disabled={create.isPending} type="submit">
                Create
              </Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}
