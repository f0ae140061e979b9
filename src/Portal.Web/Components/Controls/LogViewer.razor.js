// Keeps the view at the end while following, and where it was while not, without a round trip to the server.
export function attach(scroll, component, rowHeight) {
  const inner = scroll.firstElementChild;
  let follow = true, byReader = 0, frame = 0;
  let dropped = Number(inner.dataset.dropped), generation = inner.dataset.generation;
  const atEnd = () => scroll.scrollTop + scroll.clientHeight >= scroll.scrollHeight - rowHeight;
  const toEnd = () => { scroll.scrollTop = scroll.scrollHeight; };
  const report = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      component.invokeMethodAsync('Scrolled', scroll.scrollTop, scroll.clientHeight, follow).catch(() => {});
    });
  };

  // Only a movement of the reader's own changes whether we follow; content that grows does not.
  const moving = () => { byReader = performance.now() + 800; };
  for (const type of ['wheel', 'touchmove', 'pointerdown', 'keydown']) scroll.addEventListener(type, moving, { passive: true });
  scroll.addEventListener('scroll', () => {
    if (performance.now() < byReader) {
      follow = atEnd();
      report();
    } else if (!follow) {
      report();
    }
  }, { passive: true });

  const changed = new MutationObserver(() => {
    const now = Number(inner.dataset.dropped);
    if (inner.dataset.generation !== generation) {
      generation = inner.dataset.generation;
      if (!follow) scroll.scrollTop = 0;
    } else if (!follow && now !== dropped && !scroll.classList.contains('wrap')) {
      scroll.scrollTop -= (now - dropped) * rowHeight;
    }
    dropped = now;
    if (follow) toEnd();
  });
  changed.observe(inner, { childList: true, subtree: true, attributes: true, attributeFilter: ['style', 'data-dropped', 'data-generation'] });
  const resized = new ResizeObserver(() => { if (follow) toEnd(); report(); });
  resized.observe(scroll);
  toEnd();

  return {
    follow(on) { follow = on; if (on) toEnd(); report(); },
    dispose() { changed.disconnect(); resized.disconnect(); cancelAnimationFrame(frame); },
  };
}

export async function download(name, content) {
  const url = URL.createObjectURL(new Blob([await content.arrayBuffer()], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
