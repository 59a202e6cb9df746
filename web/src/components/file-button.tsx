import { Button, type ButtonProps } from '@fluentui/react-components';
import { type ReactElement, useRef } from 'react';

type Props = {
  accept: string;
  onFile: (file: File) => void;
  children?: string;
  icon?: ReactElement;
  disabled?: boolean;
  'aria-label'?: string;
} & Pick<ButtonProps, 'appearance' | 'size'>;

/** A button that opens the file chooser. The same file may be chosen twice in a row. */
export function FileButton({ accept, onFile, children, icon, ...rest }: Props) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <Button {...rest} {...(icon ? { icon } : {})} title={rest['aria-label']} onClick={() => input.current?.click()}>
        {children}
      </Button>
      <input
        ref={input}
        type="file"
        accept={accept}
        hidden
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = '';
          if (file) onFile(file);
        }}
      />
    </>
  );
}
