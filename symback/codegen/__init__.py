"""Programs → modules: one folder a target, its templates in `templates/` under the same name."""
