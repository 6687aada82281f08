int ent_placeholder_;
