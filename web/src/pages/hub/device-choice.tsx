import { Combobox, makeStyles, Option } from '@fluentui/react-components';
import { useEffect, useState } from 'react';
import { useHubDevices } from '../../api/hub-devices.ts';

const useStyles = makeStyles({
  box: { flex: '1 1 220px', maxWidth: '360px', '@media (max-width: 640px)': { maxWidth: 'none', flexBasis: '100%' } },
  option: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', minWidth: 0 },
});

const suggestionsMax = 50;

type Props = { hub: string; device: string; onChange: (device: string) => void };

/** All devices or one, letter for letter: chosen from the list, or typed and entered. */
export function DeviceChoice({ hub, device, onChange }: Props) {
  const styles = useStyles();
  const [text, setText] = useState(device);
  useEffect(() => setText(device), [device]);
  const loaded = useHubDevices(hub).data?.pages.flatMap((page) => page.value) ?? [];
  const wanted = text.trim().toLowerCase();
  const suggestions = loaded.filter(({ id }) => id.toLowerCase().includes(wanted)).slice(0, suggestionsMax);
  const apply = () => {
    if (text.trim() !== device) onChange(text.trim());
  };
  return (
    <Combobox
      className={styles.box}
      aria-label="Filter by device"
      placeholder="All devices"
      freeform
      clearable
      value={text}
      selectedOptions={device === '' ? [] : [device]}
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
      {suggestions.map(({ id }) => (
        <Option key={id} value={id} text={id}>
          <span className={styles.option} title={id}>
            {id}
          </span>
        </Option>
      ))}
    </Combobox>
  );
}
