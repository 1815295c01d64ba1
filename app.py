"""Limelight: what in this picture made the model say that? Start with ``streamlit run app.py``."""

import streamlit as st

from pages.shell import opening, sidebar

# A lamp and its beam; colours that hold on light and on dark.
LOGO = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 172 36">
<path d="M13 18 34 5v26z" fill="#f2b705" opacity=".55"/><circle cx="10" cy="18" r="8" fill="#7fb800"/>
<text x="42" y="26" font-family="system-ui,sans-serif" font-size="24" font-weight="700" fill="#1b86cf">Limelight</text>
</svg>"""

st.set_page_config(page_title="Limelight", page_icon=":material/highlight:", layout="wide")

st.logo(LOGO, size="large")

screens = [
    st.Page(
        "pages/screens/explain/page.py", title="Explain", icon=":material/highlight:", url_path="explain", default=True
    ),
    st.Page("pages/screens/trust/page.py", title="Trust", icon=":material/verified:", url_path="trust"),
    st.Page("pages/screens/compare/page.py", title="Compare models", icon=":material/compare:", url_path="compare"),
    st.Page(
        "pages/screens/walkthrough/page.py", title="Walkthrough", icon=":material/footprint:", url_path="walkthrough"
    ),
]
page = st.navigation(screens, position="top")

opening.follow_link()
opening.carry_settings(page.url_path)
with st.sidebar:
    sidebar.show()
page.run()
