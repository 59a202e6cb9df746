import { Dropdown, makeStyles, Option } from '@fluentui/react-components';

export type ChoiceOption = { id: string; label: string };

type Props = { label: string; all: string; value: string; options: readonly ChoiceOption[]; onChange: (value: string) => void };

const useStyles = makeStyles({
  choice: { minWidth: '150px', '@media (max-width: 640px)': { flex: '1 1 140px', minWidth: '120px' } },
});

/** One part of a filter row: everything, or one of several. */
export function Choice({ label, all, value, options, onChange }: Props) {
  const styles = useStyles();
  return (
    <Dropdown
      className={styles.choice}
      aria-label={label}
      value={options.find((option) => option.id === value)?.label ?? all}
      selectedOptions={[value]}
      onOptionSelect={(_event, data) => onChange(data.optionValue ?? '')}
    >
      <Option value="">{all}</Option>
      {options.map((option) => (
        <Option key={option.id} value={option.id} text={option.label}>
          {option.label}
        </Option>
      ))}
    </Dropdown>
  );
}
