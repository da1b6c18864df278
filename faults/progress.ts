/** One line that says what is going on, on a terminal; elsewhere a line for each row. */
export type Progress = {
  step(text: string): void;
  /** A line that stays. */
  say(text: string): void;
};

const CLEAR = '\r\u001B[2K';

export function progressOn(stream: NodeJS.WriteStream): Progress {
  return {
    step(text) {
      if (stream.isTTY) stream.write(`${CLEAR}${text.slice(0, Math.max(0, stream.columns - 1))}`);
    },
    say(text) {
      stream.write(stream.isTTY ? `${CLEAR}${text}\n` : `${text}\n`);
    },
  };
}
