int ct_placeholder();
