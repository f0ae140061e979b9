// Tells the component where the pointer is: at most twenty times a second, and only when it moved.
export function attach(plot, component) {
  let last = 0, timer = 0, pending = null;
  const send = fraction => { last = performance.now(); component.invokeMethodAsync('Hover', fraction).catch(() => {}); };
  const flush = () => { timer = 0; if (pending !== null) { send(pending); pending = null; } };
  plot.addEventListener('pointermove', e => {
    const box = plot.getBoundingClientRect();
    pending = Math.min(1, Math.max(0, (e.clientX - box.left) / box.width));
    if (!timer) timer = setTimeout(flush, Math.max(0, 50 - (performance.now() - last)));
  });
  plot.addEventListener('pointerleave', () => { clearTimeout(timer); timer = 0; pending = null; send(-1); });
}
