import { Button, type ButtonProps } from '@fluentui/react-components';
import { CheckmarkRegular } from '@fluentui/react-icons/svg/checkmark';
import { CopyRegular } from '@fluentui/react-icons/svg/copy';
import { useEffect, useState } from 'react';

type Props = { text: string; label: string; disabled?: boolean } & Pick<ButtonProps, 'size' | 'appearance'>;

/** Puts exactly `text` on the clipboard and says so. `label` names what is copied: `Copy ID scope`. */
export function CopyButton({ text, label, disabled = false, size = 'small', appearance = 'subtle' }: Props) {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [isCopied]);
  return (
    <Button
      appearance={appearance}
      size={size}
      disabled={disabled}
      icon={isCopied ? <CheckmarkRegular /> : <CopyRegular />}
      aria-label={isCopied ? 'Copied' : label}
      title={isCopied ? 'Copied' : label}
      onClick={() => {
        void navigator.clipboard.writeText(text).then(() => setCopied(true));
      }}
    />
  );
}
