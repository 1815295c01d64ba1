"""Limelight: what in this picture made the model say that? Start with ``streamlit run app.py``."""

import streamlit as st

from pages.shell import brand, sidebar, style, visit
from pages.state.session import session

# The icon is a picture of our own: a Material icon would make the browser ask a font server for it.
st.set_page_config(page_title="Limelight", page_icon=brand.icon(), layout="wide")
st.logo(brand.LOGO, size="large")
style.apply()

screens = [
    st.Page(
        "pages/screens/explain/page.py", title="Explain", icon=":material/highlight:", url_path="explain", default=True
    ),
    st.Page("pages/screens/trust/page.py", title="Trust", icon=":material/verified:", url_path="trust"),
    st.Page("pages/screens/methods/page.py", title="Methods", icon=":material/balance:", url_path="methods"),
    st.Page("pages/screens/folder/page.py", title="Folder", icon=":material/folder_open:", url_path="folder"),
    st.Page("pages/screens/compare/page.py", title="Compare models", icon=":material/compare:", url_path="compare"),
    st.Page(
        "pages/screens/walkthrough/page.py", title="Walkthrough", icon=":material/footprint:", url_path="walkthrough"
    ),
]
page = st.navigation(screens, position="top")

visit.follow_link()
session().turn_to(page.url_path)
with st.sidebar:
    sidebar.show()
page.run()
# A run that is interrupted does not come here: what was kept for the next one is kept until the whole page is drawn.
session().brought.page_drawn()
session().presses.forget()
