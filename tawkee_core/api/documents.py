"""The API's description, to be read in a browser. Its files are our own; nothing is fetched from elsewhere."""

from flask import Blueprint, render_template

blueprint = Blueprint("documents", __name__)


@blueprint.route("/api/docs")
def docs() -> str:
    return render_template("docs.html")
