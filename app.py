"""Limelight: what in this picture made the model say that? Start with ``streamlit run app.py``."""

import streamlit as st

from pages.parts import opening, sidebar

st.set_page_config(page_title="Limelight", page_icon=":material/highlight:", layout="wide")

screens = [st.Page("pages/screens/explain.py", title="Explain", icon=":material/highlight:", default=True)]
page = st.navigation(screens, position="top")

opening.follow_link()
with st.sidebar:
    sidebar.show()
page.run()
