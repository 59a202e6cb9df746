/** Stands for the rows of a long table that are out of view. */
export function RowSpacer({ height }: { height: number }) {
  return (
    <tr aria-hidden style={{ height }}>
      <td />
    </tr>
  );
}
