/** Runs a program of src/ under a Node that is new enough; see launch.mjs. */
export function launch(program: string): Promise<void>;
