/** Sets the chosen theme before the first paint, so that a dark room is not flashed with white. */
(() => {
  try {
    const theme = localStorage.getItem('commonworks.theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch {
    // Storage may be forbidden: then the system's choice holds.
  }
})();
