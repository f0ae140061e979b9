const dialog = document.getElementById('components-reconnect-modal');

dialog.addEventListener('components-reconnect-state-changed', e => {
  switch (e.detail.state) {
    case 'show': case 'retrying':
      dialog.dataset.now = 'show';
      if (!dialog.open) dialog.show();
      break;
    case 'failed':
      dialog.dataset.now = 'failed';
      document.addEventListener('visibilitychange', whenVisible);
      break;
    case 'hide':
      dialog.close();
      break;
    // The server does not know this circuit any more (it was restarted): a fresh page does.
    case 'rejected':
      location.reload();
      break;
  }
});

document.getElementById('reconnect-retry').addEventListener('click', retry);

async function whenVisible() {
  if (document.visibilityState === 'visible') await retry();
}

async function retry() {
  document.removeEventListener('visibilitychange', whenVisible);
  dialog.dataset.now = 'show';
  try {
    if (!await Blazor.reconnect()) location.reload();
  } catch {
    dialog.dataset.now = 'failed';
    document.addEventListener('visibilitychange', whenVisible);
  }
}
