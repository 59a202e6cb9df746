import { Combobox, makeStyles, Option } from '@fluentui/react-components';
import { useEffect, useState } from 'react';

const useStyles = makeStyles({
  box: { flex: '1 1 220px', maxWidth: '360px', '@media (max-width: 640px)': { maxWidth: 'none', flexBasis: '100%' } },
  option: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', minWidth: 0 },
});

const suggestionsMax = 50;

/** `all`: what is shown where nothing is chosen. */
type Props = { label: string; all: string; value: string; known: readonly string[]; onChange: (value: string) => void };

/** Everything or one name, letter for letter: chosen from those that are known, or typed and entered. */
export function TextChoice({ label, all, value, known, onChange }: Props) {
  const styles = useStyles();
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const wanted = text.trim().toLowerCase();
  const suggestions = known.filter((name) => name.toLowerCase().includes(wanted)).slice(0, suggestionsMax);
  const apply = () => {
    if (text.trim() !== value) onChange(text.trim());
  };
  return (
    <Combobox
      className={styles.box}
      aria-label={label}
      placeholder={all}
      freeform
      clearable
      value={text}
      selectedOptions={value === '' ? [] : [value]}
      onChange={(event) => setText(event.target.value)}
      onOptionSelect={(_event, data) => {
        setText(data.optionValue ?? '');
        onChange(data.optionValue ?? '');
      }}
      onBlur={apply}
      onKeyDown={(event) => {
        if (event.key === 'Enter') apply();
      }}
    >
      {suggestions.map((name) => (
        <Option key={name} value={name} text={name}>
          <span className={styles.option} title={name}>
            {name}
          </span>
        </Option>
      ))}
    </Combobox>
  );
}
