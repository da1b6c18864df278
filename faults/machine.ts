import { existsSync } from 'node:fs';
import { CANNOT_MOUNT } from '../tests/broken-disk-scene.ts';
import { mountFragileDisk } from './disks.ts';
import { once } from './once.ts';
import { tool } from './tool.ts';

export function cannotMount(): string | null {
  return CANNOT_MOUNT;
}

export const cannotBreakDisks = once((): string | null => {
  if (CANNOT_MOUNT !== null) return CANNOT_MOUNT;
  try {
    const disk = mountFragileDisk(16);
    try {
      disk.fail();
    } finally {
      disk.remove();
    }
    return null;
  } catch {
    return 'ext4 on a loop device, with its sysfs, is not to be had here';
  }
});

export const cannotMakeNetworks = once((): string | null => {
  const name = `hookring-try-${process.pid}`;
  try {
    tool('ip', 'netns', 'add', name);
    try {
      tool('ip', 'link', 'add', `hk${process.pid}t0`, 'type', 'veth', 'peer', 'name', `hk${process.pid}t1`);
      tool('ip', 'link', 'del', `hk${process.pid}t0`);
    } finally {
      tool('ip', 'netns', 'del', name);
    }
    return null;
  } catch {
    return 'this user may not make network namespaces';
  }
});

export const cannotGiveResolvers = once((): string | null => {
  if (!existsSync('/etc/resolv.conf')) return 'there is no /etc/resolv.conf';
  if (process.getuid?.() !== 0) return 'only root may answer on port 53';
  try {
    tool('unshare', '--mount', 'true');
    return null;
  } catch {
    return 'this user may not make mount namespaces';
  }
});
