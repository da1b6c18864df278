import { describe, expect, it } from 'vitest';
import { placeOf } from './connect.ts';

describe('the address of a server', () => {
  it.each([
    ['http://127.0.0.1:8484', 'http://127.0.0.1:8484', '/v1', true],
    ['http://127.0.0.1:8484/', 'http://127.0.0.1:8484', '/v1', true],
    ['https://hooks.example.com/hookring/v1', 'https://hooks.example.com', '/hookring/v1', false],
    ['https://hooks.example.com/v1/', 'https://hooks.example.com', '/v1', false],
  ])('%s says where the native API stands', (address, url, nativePrefix, isPrefixAssumed) => {
    expect(placeOf(address)).toEqual({ url, nativePrefix, isPrefixAssumed });
  });

  it.each(['nonsense', 'ftp://example.com', 'http://a.example/?x=1', 'http://a.example/#v1', 'http://u:p@a.example'])(
    '%s is refused',
    (address) => {
      expect(() => placeOf(address)).toThrow('no address of a server');
    },
  );

  it('never shows a password', () => {
    expect(() => placeOf('http://me:hunter2@a.example')).not.toThrow('hunter2');
  });
});
