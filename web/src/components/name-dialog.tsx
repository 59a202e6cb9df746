import { Field, Input } from '@fluentui/react-components';
import { useState } from 'react';
import { FormDialog } from './form-dialog.tsx';

type Props = {
  title: string;
  hint: string;
  /** What the message is called when the server refuses. */
  failure: string;
  create: { mutate: (name: string, then: { onSuccess: () => void }) => void; isPending: boolean; error: unknown };
  /** What is wrong with a name, in words that say what to do. */
  problemOf: (name: string) => string | undefined;
  onClose: () => void;
};

/** Asks for the name of something new. Rendered only while it is open. */
export function NameDialog({ title, hint, failure, create, problemOf, onClose }: Props) {
  const [name, setName] = useState('');
  const [problem, setProblem] = useState<string>();
  const submit = () => {
    const found = problemOf(name.trim());
    setProblem(found);
    if (found) return 'name';
    create.mutate(name.trim(), { onSuccess: onClose });
    return undefined;
  };
  return (
    <FormDialog
      title={title}
      verb="Create"
      failure={failure}
      error={create.error}
      isBusy={create.isPending}
      onSubmit={submit}
      onClose={onClose}
    >
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
    </FormDialog>
  );
}
