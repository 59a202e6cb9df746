import {
  Button,
  Dropdown,
  Field,
  Input,
  makeStyles,
  Option,
  Spinner,
  Subtitle1,
  Switch,
  Textarea,
  tokens,
} from '@fluentui/react-components';
import { PlayRegular } from '@fluentui/react-icons/svg/play';
import { type FormEvent, useRef, useState } from 'react';
import { useRunCommand } from '../../api/commands.ts';
import type { DeviceModel, DeviceTemplate } from '../../api/contract.ts';
import { ErrorMessage } from '../../components/error-message.tsx';
import { CommandAnswer } from './command-answer.tsx';
import { CommandHistory } from './command-history.tsx';
import { buildRequest, fieldKey, type RequestField, requestFields } from './command-request.ts';
import { isStructured } from './property-value.ts';

const useStyles = makeStyles({
  card: {
    display: 'flex',
    flexDirection: 'column',
    gap: '16px',
    padding: '16px',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
    minWidth: 0,
  },
  heading: { margin: 0 },
  form: { display: 'flex', flexDirection: 'column', gap: '16px', maxWidth: '480px' },
  run: { display: 'flex', alignItems: 'center', gap: '12px' },
});

type Props = { deviceId: string; command: DeviceModel['commands'][number]; template: DeviceTemplate | undefined };

/** One command: its form, what came back, and what was asked before. */
export function CommandCard({ deviceId, command, template }: Props) {
  const styles = useStyles();
  const form = useRef<HTMLFormElement>(null);
  const run = useRunCommand(deviceId, command.name);
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>({});
  const [problems, setProblems] = useState<Readonly<Record<string, string>>>({});
  const fields = requestFields(template, command);

  function submit(event: FormEvent) {
    event.preventDefault();
    const built = buildRequest(fields, texts);
    setProblems(built.ok ? {} : built.problems);
    if (built.ok) run.mutate(built.request === undefined ? {} : { request: built.request });
    else form.current?.querySelector<HTMLElement>('input, textarea')?.focus();
  }

  return (
    <section className={styles.card} aria-label={command.displayName}>
      <Subtitle1 as="h2" className={styles.heading}>
        {command.displayName}
      </Subtitle1>
      <form ref={form} className={styles.form} onSubmit={submit} noValidate>
        {fields.map((field) => (
          <RequestInput
            key={fieldKey(field)}
            field={field}
            text={texts[fieldKey(field)] ?? ''}
            problem={problems[fieldKey(field)] ?? ''}
            onText={(text) => setTexts({ ...texts, [fieldKey(field)]: text })}
          />
        ))}
        <div className={styles.run}>
          <Button
            type="submit"
            appearance="primary"
            icon={<PlayRegular />}
            disabled={run.isPending}
            aria-label={`Run ${command.displayName}`}
          >
            Run
          </Button>
          {run.isPending && <Spinner size="tiny" label="Waiting for the device" />}
        </div>
      </form>
      {run.isError && <ErrorMessage title="The command did not reach the device" error={run.error} />}
      {run.data && <CommandAnswer command={run.data} />}
      <CommandHistory deviceId={deviceId} name={command.name} />
    </section>
  );
}

type InputProps = { field: RequestField; text: string; problem: string; onText: (text: string) => void };

function RequestInput({ field, text, problem, onText }: InputProps) {
  if (field.schema === 'boolean') {
    return <Switch label={field.label} checked={text === 'true'} onChange={(_event, data) => onText(String(data.checked))} />;
  }
  return (
    <Field label={field.label} {...(problem === '' ? {} : { validationMessage: problem })}>
      {field.options ? (
        <Dropdown value={text} selectedOptions={[text]} onOptionSelect={(_event, data) => onText(data.optionValue ?? '')}>
          {field.options.map((option) => (
            <Option key={option.label} value={option.label}>
              {option.label}
            </Option>
          ))}
        </Dropdown>
      ) : isStructured(field.schema) ? (
        <Textarea value={text} resize="vertical" onChange={(_event, data) => onText(data.value)} />
      ) : (
        <Input value={text} onChange={(_event, data) => onText(data.value)} />
      )}
    </Field>
  );
}
