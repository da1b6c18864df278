import { defineConfig } from 'hookring';
import { parcel } from './parcel.ts';

export default defineConfig({ dialects: [parcel] });
