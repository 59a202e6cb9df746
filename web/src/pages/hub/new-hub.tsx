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
import { AddRegular } from '@fluentui/react-icons/svg/add';
import { type FormEvent, useRef, useState } from 'react';
import { useCreateHub } from '../../api/hubs.ts';
import { ErrorMessage } from '../../components/error-message.tsx';
import { useReturnFocus } from '../../components/use-return-focus.ts';
import { hubNameProblem } from './hub-name.ts';

const useStyles = makeStyles({ fields: { display: 'flex', flexDirection: 'column', gap: '16px' } });

/** The + Create button of the list of hubs and its dialog. */
export function NewHub({ taken }: { taken: readonly string[] }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button appearance="primary" icon={<AddRegular />} aria-label="+ Create" onClick={() => setOpen(true)}>
        Create
      </Button>
      {isOpen && <NewHubDialog taken={taken} onClose={() => setOpen(false)} />}
    </>
  );
}

function NewHubDialog({ taken, onClose }: { taken: readonly string[]; onClose: () => void }) {
  const styles = useStyles();
  useReturnFocus();
  const create = useCreateHub();
  const [name, setName] = useState('');
  const [problem, setProblem] = useState<string>();
  const form = useRef<HTMLFormElement>(null);
  const focusName = () => form.current?.querySelector<HTMLInputElement>('input[name="name"]')?.focus();

  function submit(event: FormEvent) {
    event.preventDefault();
    const found = hubNameProblem(name.trim(), taken);
    setProblem(found);
    if (found) focusName();
    else create.mutate(name.trim(), { onSuccess: onClose, onError: focusName });
  }

  return (
    <Dialog open onOpenChange={(_event, data) => !data.open && onClose()}>
      <DialogSurface>
        <form ref={form} onSubmit={submit} noValidate>
          <DialogBody>
            <DialogTitle>Create an IoT hub</DialogTitle>
            <DialogContent className={styles.fields}>
              {create.isError && <ErrorMessage title="The hub was not created" error={create.error} />}
              <Field
                label="Name"
                required
                hint="3 to 50 letters, digits and hyphens. It is the first part of the hub's host name and stays as it is."
                {...(problem ? { validationMessage: problem } : {})}
              >
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
