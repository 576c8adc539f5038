/** Where the broker says what happened: the part of pino that it uses. */
export type BrokerLog = Record<'info' | 'warn' | 'error', (fields: object, message: string) => void>;
