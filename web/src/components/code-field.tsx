import { Field, Input, makeStyles, Textarea, tokens } from '@fluentui/react-components';

const useStyles = makeStyles({ mono: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200 } });

type Props = {
  label: string;
  name: string;
  value: string;
  onChange: (value: string) => void;
  hint?: string;
  problem?: string | undefined;
  /** More than one for JSON and conditions. */
  rows?: number;
  required?: boolean;
  readOnly?: boolean;
};

/** A field for what programs read: ids, conditions, JSON. */
export function CodeField({ label, name, value, onChange, hint, problem, rows = 1, required = false, readOnly = false }: Props) {
  const styles = useStyles();
  const common = { name, value, readOnly, spellCheck: false } as const;
  return (
    <Field label={label} required={required} {...(hint && { hint })} {...(problem && { validationMessage: problem })}>
      {rows === 1 ? (
        <Input
          {...common}
          input={{ className: styles.mono }}
          autoComplete="off"
          autoCapitalize="none"
          onChange={(_event, data) => onChange(data.value)}
        />
      ) : (
        <Textarea
          {...common}
          textarea={{ className: styles.mono, rows }}
          resize="vertical"
          onChange={(_event, data) => onChange(data.value)}
        />
      )}
    </Field>
  );
}
