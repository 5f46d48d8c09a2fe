"""What the chat does in the browser itself; all else is asked of the server."""

from __future__ import annotations

# A click on a suggestion asks it, one on "copy" copies the quotation, one on "show" shows where
# it stands, one on a judgement says it; what was said keeps the focus.
CLICKS = """
let said = null;
watch('value', () => {
  const name = said && ['turn', 'rank', 'verdict'].map((key) => `[data-${key}="${said[key]}"]`);
  const button = name && element.querySelector('.say' + name.join(''));
  if (button) button.focus({preventScroll: true});
  said = null;
});
element.addEventListener('click', (event) => {
  const asked = event.target.closest('[data-ask]');
  if (asked) { trigger('click', {question: asked.dataset.ask}); return; }
  const link = event.target.closest('[data-link]');
  if (link) { trigger('click', {address: link.dataset.link}); return; }
  const shown = event.target.closest('.show');
  if (shown) { trigger('select', {place: {...shown.dataset}}); return; }
  const judged = event.target.closest('.say');
  if (judged) { said = {...judged.dataset}; trigger('like', {judgement: said}); return; }
  const copy = event.target.closest('[data-copy], [data-share]');
  if (copy) {
    const address = () => new URL(copy.dataset.share, location.href.split(/[?#]/)[0]).href;
    navigator.clipboard.writeText(copy.dataset.copy ?? address())
      .then(() => { copy.textContent = copy.dataset.copied; });
  }
});
"""
# Pages are turned by the server; they are enlarged here. What was pressed keeps the focus.
PAGE_CLICKS = """
let pressed = '';
element.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  if (button.matches('.zoom')) {
    element.toggleAttribute('data-enlarged');
  } else {
    pressed = button.className;
    trigger('select', {place: {...button.dataset}});
  }
});
watch('value', () => {
  const paper = element.querySelector('.paper');
  const mark = paper && paper.querySelector('.mark, mark');
  if (mark) paper.scrollTo(Math.max(mark.offsetLeft - 60, 0), Math.max(mark.offsetTop - 60, 0));
  const button = pressed && element.getElementsByClassName(pressed)[0];
  if (button) button.focus({preventScroll: true});
  pressed = '';
});
"""
SHOW_PAGE = """
() => requestAnimationFrame(() =>
  document.querySelector('#page').scrollIntoView({behavior: 'smooth', block: 'nearest'}))
"""
# The page's address is that of the last question.
SCROLL = """
() => requestAnimationFrame(() => {
  const turn = [...document.querySelectorAll('#talk .turn')].at(-1);
  if (!turn) return;
  document.querySelector('#filters').removeAttribute('data-open');
  turn.scrollIntoView({behavior: 'smooth', block: 'start'});
  const share = turn.querySelector('[data-share]');
  if (!share) return;
  const address = new URL(share.dataset.share, location.href.split(/[?#]/)[0]);
  const lang = new URLSearchParams(location.search).get('lang');
  if (lang) address.searchParams.set('lang', lang);
  history.replaceState(history.state, '', address);
})
"""
# The filters stand on the row where one asks, wherever that is.
OPEN_FILTERS = """
() => {
  const filters = document.querySelector('#filters');
  const row = document.querySelector('#ask-row').getBoundingClientRect();
  filters.toggleAttribute('data-open');
  filters.style.left = row.left + 'px';
  filters.style.width = row.width + 'px';
  filters.style.bottom = innerHeight - row.top + 'px';
}
"""
