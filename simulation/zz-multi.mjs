import { runChapter } from './chapter.ts';
import { planOf } from './plan.ts';
const [seed,from,to,n]=process.argv.slice(2).map(Number);
for(let c=from;c<=to;c++){const p=planOf(seed,c,{deliveries:n});const a=process.cpuUsage();const r=await runChapter(p);const d=process.cpuUsage(a);console.log(c,p.kind,p.nodes,p.endpoints,p.deliveriesPerSecond,p.latencyMsMax,p.isCramped?'cramped':'',p.faults.size,'req/dlv',(r.totals.requests/r.totals.deliveries).toFixed(2),'leased',(r.totals.leased/r.totals.deliveries).toFixed(2),'us',((d.user+d.system)/r.totals.deliveries).toFixed(1),'rss',(process.memoryUsage().rss/1e6).toFixed(0),r.crashes,(r.virtualMs/1e3).toFixed(0)+'s',r.failure?.message?.slice(0,300)??'')}
