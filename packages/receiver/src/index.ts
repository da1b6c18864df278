export {
  type Behaviour,
  gone,
  inSequence,
  OK,
  type ResponseHeaders,
  redirect,
  respond,
  type Script,
  sometimes,
  tooManyRequests,
} from './behaviour.ts';
export { type ListenOptions, lineOf, runListen } from './listen.ts';
export { type Receiver, type ReceiverCounters, type ReceiverOptions, startReceiver } from './receiver.ts';
export { bodyText, headerOf, headerRecord, keyIdAt, type ReceivedRequest } from './request.ts';
export type { WaitOptions } from './request-log.ts';
export { type Sink, type SinkCounts, type SinkOptions, startSink } from './sink.ts';
export type { Rejection, Verdict, VerdictCounts, VerdictOptions, Verify } from './verdicts.ts';
